"""Known log formats, each a declarative mapping; `registry` lists them."""
