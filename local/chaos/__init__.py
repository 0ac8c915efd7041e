"""`./banyan chaos`: breaks a mesh under load, one fault after the other, then compares what it promised with its books."""
