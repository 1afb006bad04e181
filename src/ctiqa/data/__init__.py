"""From clean CT to labelled, patient-split training examples."""
