"""What journeys need: checked requests, goods and accounts, options, and thresholds that decide the exit code."""
