"""The commands of `workspace/executeCommand`: their parameters, what they act on, and what they answer."""
