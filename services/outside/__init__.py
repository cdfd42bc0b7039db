"""What people outside meet: names, connections, certificates and answers, seen from the bot and from each server."""
