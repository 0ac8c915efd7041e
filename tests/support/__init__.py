"""What tests of the whole mesh share."""
