"""The shapes of the answers: `bodies` fills them with plain values, and a test holds the two together."""
