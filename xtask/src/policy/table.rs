//! The walk as a table for the terminal.

use super::report::{End, Item, Question, Report, Row};

/// Touchpoints, what is asked there, how the visitor answers, and who answers for it.
pub fn table(report: &Report) -> String {
    let frame = report.frame;
    let mut lines = vec![[
        frame.say("Where", "Wo").to_owned(),
        frame.say("What is asked", "Was gefragt wird").to_owned(),
        frame.say("Answer", "Antwort").to_owned(),
        frame.say("Owner", "Zuständig").to_owned(),
    ]];
    let mut rules = vec![1];
    for row in &report.rows {
        lines.extend(row_lines(report, row));
        rules.push(lines.len());
    }
    let mut widths = [0; 4];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rule = widths.map(|width| "─".repeat(width)).join("─┼─");
    let mut text = String::new();
    for (n, line) in lines.iter().enumerate() {
        if rules.contains(&n) {
            text += &(rule.clone() + "\n");
        }
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        text += cells.join(" │ ").trim_end();
        text.push('\n');
    }
    let asks: usize = report.rows.iter().map(|row| row.asks.len()).sum();
    text + &format!("\n{asks} {}\n", frame.say("questions in all.", "Fragen insgesamt."))
}

fn row_lines(report: &Report, row: &Row) -> Vec<[String; 4]> {
    let frame = report.frame;
    let mut right: Vec<[String; 3]> = Vec::new();
    for (n, question) in row.asks.iter().enumerate() {
        right.extend(question_lines(report, n + 1, question));
    }
    match &row.end {
        Some(End::Clear) => {
            let free = frame.say("→ goes ahead", "→ weiter");
            right.push([free.to_owned(), String::new(), String::new()]);
        }
        Some(End::Stop(why)) => {
            right.push([format!("✕ {}", frame.say("stops", "Stopp")), String::new(), String::new()]);
            right.extend(
                wrapped(why, 48).into_iter().map(|part| [format!("  {part}"), String::new(), String::new()]),
            );
        }
        None => {}
    }
    let left = match &row.level {
        Some(level) => vec![row.name.clone(), format!("  {}", row.id), format!("  {level}")],
        None => vec![format!("· {}", row.name)],
    };
    let height = right.len().max(left.len());
    let mut left = left.into_iter();
    let mut right = right.into_iter();
    (0..height)
        .map(|_| {
            let [what, answer, owner] = right.next().unwrap_or_default();
            [left.next().unwrap_or_default(), what, answer, owner]
        })
        .collect()
}

fn question_lines(report: &Report, number: usize, question: &Question) -> Vec<[String; 3]> {
    let frame = report.frame;
    let head = format!("{number}. {}", frame.kind(question.kind));
    let mut lines = Vec::new();
    if question.items.is_empty() {
        let labels = question.labels.join(", ");
        lines.push([head, question.answer.clone(), String::new()]);
        if !labels.is_empty() {
            lines.extend(
                wrapped(&labels, 46)
                    .into_iter()
                    .map(|part| [format!("   {part}"), String::new(), String::new()]),
            );
        }
        return lines;
    }
    lines.push([head, String::new(), String::new()]);
    for item in &question.items {
        let Item { title, owner, agreed, because, .. } = item;
        let answer = match agreed {
            Some(true) => frame.say("agreed", "eingewilligt").to_owned(),
            Some(false) => frame.say("refused", "abgelehnt").to_owned(),
            None => question.answer.clone(),
        };
        let needed = if because.is_some() { frame.say(" (required)", " (nötig)") } else { "" };
        lines.push([format!("   {title}{needed}"), answer, owner.clone().unwrap_or_default()]);
    }
    lines
}

/// Broken at spaces, into lines of about `width` letters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
