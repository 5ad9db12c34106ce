"""What lives as long as a worker process: warm engines, the watchdog, the meters."""
