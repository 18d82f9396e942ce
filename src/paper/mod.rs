//! The report and the printed script, from a plan or a transcript.
