"""This room reads and writes files as the agent sees them: open buffers over the disk."""
