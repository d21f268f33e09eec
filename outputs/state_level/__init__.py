"""State scope: findings that compare districts, each under both districts' files, with a page for each of them."""
