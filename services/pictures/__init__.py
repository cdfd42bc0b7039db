"""Pictures for a chat, as PNG: to be read on a phone. They are drawn in a process of their own."""
