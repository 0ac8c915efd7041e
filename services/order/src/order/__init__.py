"""The order service: orders, their workflow, and the customer as sales sees them."""
