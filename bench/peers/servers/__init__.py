"""What runs in the environments of the peers: a module each, started with a port and an empty folder."""
