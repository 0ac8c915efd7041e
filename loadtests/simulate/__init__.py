"""The mesh on paper: measured costs and the charts' scaling rules, at loads that one machine can't make."""
