"""The supervisor of ``ctiqa listen``: it starts the parts and starts those again that end."""
