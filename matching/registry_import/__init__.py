"""Taking over the registry in use before this system: every number of it kept, none given again, doubtful ones held."""
