"""Orders whose workflows do not go on: which, why, what to do, and letting them go on."""
