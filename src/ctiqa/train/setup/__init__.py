"""What a training starts from: run, device, and checks before the first step."""
