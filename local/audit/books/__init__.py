"""One reader for each service's database, with that service's own role; rows come ordered by the id they are joined on."""
