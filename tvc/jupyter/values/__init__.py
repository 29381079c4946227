"""How the values of the other packages are shown in a notebook, a module for each of them."""
