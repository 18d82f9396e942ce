//! Clock, entropy, children: spawning, confinement, framing.
