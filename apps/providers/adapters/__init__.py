"""One pure translation per protocol: values in, values out, no talking."""
