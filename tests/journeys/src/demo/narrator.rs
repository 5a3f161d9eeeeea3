//! Says what happens, in words a marketer follows.

use std::io::{BufRead, Write};

/// Writes to the terminal, and waits for the person where asked to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Narrator;

impl Narrator {
    /// One line, or several.
    pub fn say(&self, text: &str) {
        // A terminal that went away is no reason to end.
        drop(writeln!(std::io::stdout(), "{text}"));
    }

    /// A new chapter.
    pub fn chapter(&self, title: &str) {
        self.say(&format!("\n── {title} {}", "─".repeat(70_usize.saturating_sub(title.chars().count()))));
    }

    /// What is asked of the person.
    pub fn asked(&self, text: &str) {
        self.say(&format!("   ? {text}"));
    }

    /// What the person does.
    pub fn answered(&self, text: &str) {
        self.say(&format!("   > {text}"));
    }

    /// What is stored, and where.
    pub fn stored(&self, text: &str) {
        self.say(&format!("   ■ on the device: {text}"));
    }

    /// What leaves the device.
    pub fn sent(&self, text: &str) {
        self.say(&format!("   ↗ leaves the device: {text}"));
    }

    /// Waits for a line; what was typed.
    pub fn wait(&self, question: &str) -> String {
        drop(write!(std::io::stdout(), "   … {question} "));
        drop(std::io::stdout().flush());
        let mut line = String::new();
        drop(std::io::stdin().lock().read_line(&mut line));
        line.trim().to_owned()
    }
}
