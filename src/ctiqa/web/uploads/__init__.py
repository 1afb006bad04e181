"""Series that programs upload: received in bounded memory, scored in a process of their own."""
