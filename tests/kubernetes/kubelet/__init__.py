"""Runs rendered manifests as a cluster of one machine would, as far as real processes can show it.

Each pod has namespaces of its own: network (an address on a bridge), mounts (a root that is read-only and
the volumes that the manifest names, at their paths), processes (its program is number 1). What is imitated
of the control plane: environment from ConfigMaps, Secrets and the downward API; probes, at their periods;
restarts; Services as names; roll-outs by the Deployment's own numbers; a StatefulSet of one on its volume;
SIGTERM, grace, SIGKILL. An address is taken out of its Service *late*, on purpose: the requests that other
meshes lose are sent in that gap (kubernetes#43576, seldon-core#6841, triton#6230, kuberay#3166).

What it does not imitate: the scheduler and nodes' resources, CNI plugins and network policies, cgroups (no
limit of memory or CPU holds), kube-proxy (the name of a ClusterIP leads to its pods), the user of a
container (who may not read this machine's Python keeps user 0, without any capability), seccomp.

It needs to be root, or what `unshare` asks of a user, and Linux.
"""
