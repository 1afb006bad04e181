"""From loose slices to series: where they lie, which are copies, which belong together."""
