"""What the command line needs of a Kubernetes cluster and of its tools."""
