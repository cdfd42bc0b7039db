"""What stands before each frame between the bot and the process that draws."""

import struct

# The length of what follows.
ASKED = struct.Struct("<I")
# The length, whether it is a picture (else it tells what was wrong), and the process's resident bytes.
ANSWERED = struct.Struct("<I?Q")
