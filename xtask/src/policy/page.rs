//! The walk as one page to read and print: touchpoints down, asks across, and below it every question word for word.
//!
//! One file without a script and without anything from elsewhere; each language of the policy is in it. Every text that
//! comes from the policy passes through [`escaped`].

use std::collections::BTreeMap;

use pforte_gate::{Finding, Policy, Stage, StepKind};

use super::frame::Frame;
use super::report::{End, Item, Question, Report, Row};

const STYLE: &str = include_str!("page.css");
/// How many colours `page.css` has for owners.
const COLOURS: usize = 6;

pub struct Page<'a> {
    pub policy: &'a Policy,
    /// What the policy is called: its folder's name.
    pub name: &'a str,
    pub stages: &'a [Stage],
    pub findings: Vec<Finding>,
    /// The language that is shown first.
    pub locale: &'a str,
}

impl Page<'_> {
    pub fn html(&self) -> String {
        let owners = self.owners();
        let locales: Vec<&str> = self.policy.locales().collect();
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n",
            escaped(self.locale),
            escaped(&title(self.name, Frame::of(self.locale))),
            switches(locales.len()),
        );
        for (n, locale) in locales.iter().enumerate() {
            let checked = if *locale == self.locale { " checked" } else { "" };
            html += &format!("<input type=\"radio\" name=\"language\" id=\"language-{n}\"{checked}>\n");
        }
        for (n, locale) in locales.iter().enumerate() {
            let report = Report::new(self.policy, self.stages, locale);
            let labels: String = locales
                .iter()
                .enumerate()
                .map(|(n, other)| {
                    format!("<label for=\"language-{n}\">{}</label>", escaped(&language(other)))
                })
                .collect();
            html += &format!(
                "<div class=\"language language-{n}\" lang=\"{}\">\n<nav>{labels}</nav>\n{}</div>\n",
                escaped(locale),
                Version { page: self, report: &report, owners: &owners, frame: report.frame }.html()
            );
        }
        html + "</body>\n</html>\n"
    }

    /// Every owner and the number of its colour.
    fn owners(&self) -> BTreeMap<String, usize> {
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for owner in self.policy.purposes().iter().filter_map(|purpose| purpose.owner.clone()) {
            let next = owners.len() % COLOURS;
            owners.entry(owner).or_insert(next);
        }
        owners
    }
}

fn title(name: &str, frame: Frame) -> String {
    format!("{name}: {}", frame.say("what is asked, where and why", "was gefragt wird, wo und warum"))
}

fn language(locale: &str) -> String {
    match locale {
        "de" => "Deutsch".to_owned(),
        "en" => "English".to_owned(),
        other => other.to_owned(),
    }
}

/// Shows the language whose button is on.
fn switches(languages: usize) -> String {
    let switch = |n| {
        format!(
            "#language-{n}:checked ~ .language-{n} {{ display: block }}\n\
             #language-{n}:checked ~ .language-{n} label[for=\"language-{n}\"] {{ background: var(--ink); color: var(--paper) }}\n\
             #language-{n}:focus-visible ~ .language-{n} nav {{ outline: 2px solid var(--ink) }}\n"
        )
    };
    (0..languages).map(switch).collect()
}

/// The page in one language.
struct Version<'a> {
    page: &'a Page<'a>,
    report: &'a Report,
    owners: &'a BTreeMap<String, usize>,
    frame: Frame,
}

impl Version<'_> {
    fn html(&self) -> String {
        [self.head(), self.matrix(), self.questions(), self.remarks()].concat()
    }

    fn head(&self) -> String {
        let policy = self.page.policy;
        let (english, german) = (
            "This page follows one visitor through the app, from the first visit on. A row is a place in the app, a column \
             a kind of question. A full box is asked there, in the order of its number, with the answer this visitor gives; \
             a dashed box belongs to the place too, and is not asked because it is settled already.",
            "Diese Seite folgt einem Besuch durch die App, vom ersten Öffnen an. Eine Zeile ist ein Ort in der App, eine Spalte \
             eine Art von Frage. Ein volles Feld wird dort gefragt, in der Reihenfolge seiner Nummer, mit der Antwort dieses \
             Besuchs; ein gestricheltes gehört auch dazu und wird nicht gefragt, weil es schon geklärt ist.",
        );
        let asks: usize = self.report.rows.iter().map(|row| row.asks.len()).sum();
        let steps = self.report.rows.iter().filter(|row| row.level.is_some()).count();
        let facts = match self.frame {
            Frame::English => format!("Version {} · {steps} steps · {asks} questions", policy.version()),
            Frame::German => format!("Version {} · {steps} Schritte · {asks} Fragen", policy.version()),
        };
        let legend: String = self
            .owners
            .iter()
            .map(|(owner, colour)| format!("<li class=\"owner-{colour}\">{}</li>", escaped(owner)))
            .collect();
        format!(
            "<header>\n<h1>{}</h1>\n<p class=\"facts\">{}</p>\n<p class=\"lead\">{}</p>\n\
             <ul class=\"legend\"><li class=\"title\">{}</li>{legend}<li class=\"account\">{}</li></ul>\n</header>\n",
            escaped(&title(self.page.name, self.frame)),
            escaped(&facts),
            escaped(self.frame.say(english, german)),
            self.frame.say("Who answers for it", "Wer dafür zuständig ist"),
            self.frame.say("account and device", "Konto und Gerät"),
        )
    }

    fn matrix(&self) -> String {
        // A column that nobody needs only takes the others' room.
        let used = |kind: &&StepKind| {
            self.report.rows.iter().any(|row| {
                row.asks.iter().any(|ask| ask.kind == **kind)
                    || row.spared.iter().any(|spared| spared.kind == **kind)
            })
        };
        let columns: Vec<StepKind> = self.page.policy.ask_order().iter().filter(used).copied().collect();
        let heads: String = columns
            .iter()
            .map(|kind| {
                format!("<th scope=\"col\" class=\"{kind}\">{}</th>", escaped(self.frame.kind(*kind)))
            })
            .collect();
        let rows: String = self.report.rows.iter().map(|row| self.row(row, &columns)).collect();
        format!(
            "<table>\n<thead><tr><th scope=\"col\" class=\"place\">{}</th>{heads}<th scope=\"col\" class=\"end\">{}</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table>\n",
            self.frame.say("Where", "Wo"),
            self.frame.say("Then", "Dann"),
        )
    }

    fn row(&self, row: &Row, columns: &[StepKind]) -> String {
        let Some(level) = &row.level else {
            return format!(
                "<tr class=\"event\"><td colspan=\"{}\">{}</td></tr>\n",
                columns.len() + 2,
                escaped(&row.name)
            );
        };
        let cells: String =
            columns.iter().map(|kind| format!("<td>{}</td>", self.cell(row, *kind))).collect();
        let end = match &row.end {
            Some(End::Clear) => {
                format!("<span class=\"clear\">✓ {}</span>", self.frame.say("goes on", "weiter"))
            }
            Some(End::Stop(why)) => format!(
                "<span class=\"stop\">✕ {}</span><small>{}</small>",
                self.frame.say("stops", "Stopp"),
                escaped(why)
            ),
            None => String::new(),
        };
        format!(
            "<tr><th scope=\"row\"><b>{}</b><code>{}</code><small>{}</small></th>{cells}<td class=\"end\">{end}</td></tr>\n",
            escaped(&row.name),
            escaped(&row.id),
            escaped(level)
        )
    }

    fn cell(&self, row: &Row, kind: StepKind) -> String {
        let mut cell = String::new();
        for (n, ask) in row.asks.iter().enumerate().filter(|(_, ask)| ask.kind == kind) {
            let number = format!("<i>{}</i>", n + 1);
            if ask.items.is_empty() {
                let mark = mark(Some(ask.positive));
                let labels = if kind == StepKind::Profile {
                    &ask.labels[..]
                } else {
                    std::slice::from_ref(&ask.title)
                };
                for label in labels {
                    cell += &format!("<span class=\"chip account\">{number}{}{mark}</span>", escaped(label));
                }
            }
            for item in &ask.items {
                let mark = mark(item.agreed);
                let required = match item.because {
                    Some(_) => format!("<em>{}</em>", self.frame.say("required", "nötig")),
                    None => String::new(),
                };
                let colour = self.colour(item.owner.as_deref());
                cell += &format!(
                    "<span class=\"chip {colour}\">{number}{}{required}{mark}</span>",
                    escaped(&item.title)
                );
            }
        }
        for spared in row.spared.iter().filter(|spared| spared.kind == kind) {
            let colour = self.colour(spared.owner.as_deref());
            cell += &format!("<span class=\"chip spared {colour}\">{}</span>", escaped(&spared.label));
        }
        cell
    }

    fn colour(&self, owner: Option<&str>) -> String {
        let colour = owner.and_then(|owner| self.owners.get(owner));
        colour.map_or_else(|| "account".to_owned(), |colour| format!("owner-{colour}"))
    }

    fn questions(&self) -> String {
        let mut html = format!(
            "<h2>{}</h2>\n",
            self.frame.say("The questions, word for word", "Die Fragen im Wortlaut")
        );
        for row in self.report.rows.iter().filter(|row| !row.asks.is_empty()) {
            let cards: String = row.asks.iter().enumerate().map(|(n, ask)| self.card(n + 1, ask)).collect();
            html += &format!(
                "<section>\n<h3>{} <code>{}</code></h3>\n<div class=\"cards\">\n{cards}</div>\n</section>\n",
                escaped(&row.name),
                escaped(&row.id)
            );
        }
        html
    }

    fn card(&self, number: usize, ask: &Question) -> String {
        let class = if ask.kind == StepKind::Profile { "fields" } else { "routes" };
        let labels: String = ask.labels.iter().map(|label| format!("<li>{}</li>", escaped(label))).collect();
        let labels = if labels.is_empty() { labels } else { format!("<ul class=\"{class}\">{labels}</ul>") };
        let items: String = ask.items.iter().map(|item| self.item(item)).collect();
        format!(
            "<article>\n<p class=\"kind\"><i>{number}</i>{}</p>\n<h4>{}</h4>\n<p>{}</p>\n{labels}{items}\
             <p class=\"answer\">{}: {}</p>\n</article>\n",
            escaped(self.frame.kind(ask.kind)),
            escaped(&ask.title),
            escaped(&ask.text),
            self.frame.say("Answer", "Antwort"),
            escaped(&ask.answer),
        )
    }

    fn item(&self, item: &Item) -> String {
        let mut facts = vec![(self.frame.say("Basis", "Grundlage"), self.frame.basis(item.basis).to_owned())];
        let mut add =
            |name, value: &Option<String>| facts.extend(value.iter().map(|value| (name, value.clone())));
        add(self.frame.say("Owner", "Zuständig"), &item.owner);
        add(self.frame.say("Goes to", "Geht an"), &item.recipient);
        let fields = (!item.fields.is_empty()).then(|| item.fields.join(", "));
        add(self.frame.say("Data", "Daten"), &fields);
        add(self.frame.say("Kept", "Bleibt"), &item.retain);
        add(self.frame.say("Required because", "Nötig, weil"), &item.because);
        add(self.frame.say("Taking it back", "Zurücknehmen"), &item.revoke);
        let facts: String = facts
            .iter()
            .map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value)))
            .collect();
        format!(
            "<div class=\"item {}\">\n<h5>{}{}</h5>\n<p>{}</p>\n<dl>{facts}</dl>\n</div>\n",
            self.colour(item.owner.as_deref()),
            escaped(&item.title),
            mark(item.agreed),
            escaped(&item.text),
        )
    }

    fn remarks(&self) -> String {
        let title = self.frame.say("What lint says", "Was lint sagt");
        let body = if self.page.findings.is_empty() {
            format!("<p>{}</p>", self.frame.say("Nothing to remark.", "Nichts anzumerken."))
        } else {
            let remarks = self
                .page
                .findings
                .iter()
                .map(|finding| format!("<li>{}</li>", escaped(&finding.to_string())));
            format!("<ul class=\"remarks\" lang=\"en\">{}</ul>", remarks.collect::<String>())
        };
        let hash: String = self.page.policy.hash().chars().take(16).collect();
        format!(
            "<h2>{title}</h2>\n{body}\n<footer>{} {}, SHA-256 {}…</footer>\n",
            self.frame.say("Policy version", "Richtlinie, Version"),
            self.page.policy.version(),
            escaped(&hash)
        )
    }
}

fn mark(agreed: Option<bool>) -> &'static str {
    match agreed {
        Some(true) => "<b class=\"yes\">✓</b>",
        Some(false) => "<b class=\"no\">✕</b>",
        None => "",
    }
}

/// Text as it may stand in HTML, also in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
