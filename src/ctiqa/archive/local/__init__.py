"""Series in folders of this computer."""
