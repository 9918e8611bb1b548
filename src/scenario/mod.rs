//! Floor 8: the language: a text becomes a world, programs, timed changes and expectations, with every problem at its
//! place. Draws no pictures and prints nothing.

mod vocabulary;
