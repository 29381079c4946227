"""The world: a discrete-event model of users, admins, attackers and clocks around the authority."""
