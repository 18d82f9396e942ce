//! The full-screen program: draws the view, turns keys into events.
