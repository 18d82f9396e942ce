//! Hash words, hex groups, tables, QR matrices.
