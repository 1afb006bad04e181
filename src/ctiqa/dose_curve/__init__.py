"""Score of a scan against dose: noise inserted in the projections, and the dose reserve."""
