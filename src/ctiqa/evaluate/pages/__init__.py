"""What all pages of evaluations share: rendering, drawings, templates."""
