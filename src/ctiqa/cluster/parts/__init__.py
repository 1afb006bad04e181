"""Parts: the results of a batch in a file, written once, in a folder or an object store."""
