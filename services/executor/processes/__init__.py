"""The processes of hosts as the agent has them: forked, loaded one after the other, watched, killed."""
