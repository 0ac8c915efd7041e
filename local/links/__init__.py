"""The links between every two processes, as proxies that can be cut and slowed (`up --faulty-links`)."""
