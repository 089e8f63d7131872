"""Numbers over frames: follow them, match them, vote on their text until it has settled."""
