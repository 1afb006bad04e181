"""Find files, open them and detect their format."""
