"""What runs the tasks: processes of this computer, a scheduler, Slurm, Kubernetes."""
