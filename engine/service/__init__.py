"""Worker processes, the typed messages they speak, and the supervisor that keeps them alive."""
