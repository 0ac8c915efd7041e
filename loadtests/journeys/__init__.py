"""What a person does, step by step; each answer is looked at. One function is one journey."""
