"""The rendered manifests, held against the schemas of Kubernetes and against the code."""
