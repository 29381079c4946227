"""What the rules of the law check, by request. `tvc.authority.rules` is the table of them."""
