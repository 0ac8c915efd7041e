"""`./banyan bench`: how fast, how big and how dear the mesh is on this machine."""
