//! The worked example: the portal's policy is clean, complete, and asks what it should.

#![allow(clippy::unwrap_used)] // helpers of tests may fail loudly

mod support;

use pforte_gate::{
    Age, Clearance, ConsentState, Decision, Fact, GateChoice, Policy, Session, Step, StepKind, StopReason,
    check, decide, explain,
};
use pforte_host::{AskKind, FieldKind, GateReadiness};
use support::{NOW, Person, first_visit, kinds, portal, portal_source, record, set_consent, signed_in, walk};

fn strings<const N: usize>(items: [&str; N]) -> Vec<String> {
    items.map(str::to_owned).to_vec()
}

#[test]
fn there_is_nothing_to_say_about_it() {
    let findings = check(&portal_source());
    assert!(findings.is_empty(), "{}", findings.iter().map(|f| format!("{f}\n")).collect::<String>());
}

#[test]
fn writing_the_first_review() {
    let policy = portal();
    let mut facts = first_visit(&policy);
    facts.biometrics.readiness = GateReadiness::Ready;
    let (steps, end) = walk(&policy, "review.write", &mut facts, &Person::agreeable(&policy));
    assert_eq!(
        steps,
        [
            Step::Inform { purposes: strings(["review.publish"]) },
            Step::SignIn {
                routes: strings(["passkey", "social:google", "code:email", "page"]),
                level: "known".to_owned(),
                max_auth_age_s: None
            },
            Step::EnrolBiometrics,
            Step::Profile { fields: strings(["display_name", "age"]) },
            Step::Consent { required: vec![], offered: strings(["profile.store", "crm.link"]) },
        ]
    );
    let cleared = Clearance { touchpoint: "review.write".to_owned(), level: "known".to_owned() };
    assert_eq!(end, Decision::Clear(cleared));

    facts.visit = Default::default();
    let (again, end) = walk(&policy, "review.write", &mut facts, &Person::agreeable(&policy));
    assert!(again.is_empty() && matches!(end, Decision::Clear(_)));
}

#[test]
fn every_touchpoint_can_be_passed_and_passes_at_once_the_second_time() {
    let policy = portal();
    for touchpoint in policy.touchpoints() {
        let mut facts = first_visit(&policy);
        facts.biometrics.readiness = GateReadiness::Ready;
        facts.passkey.available = true;
        let (_, end) = walk(&policy, &touchpoint.id, &mut facts, &Person::agreeable(&policy));
        assert!(matches!(end, Decision::Clear(_)), "{}: {end:?}", touchpoint.id);
        facts.visit = Default::default();
        let (again, _) = walk(&policy, &touchpoint.id, &mut facts, &Person::agreeable(&policy));
        assert!(again.is_empty(), "{}: {again:?}", touchpoint.id);
    }
}

#[test]
fn paying_from_a_cold_start_unlocks_before_it_steps_up() {
    let policy = portal();
    let mut facts = first_visit(&policy);
    facts.session = Fact::Sealed;
    facts.profile = Fact::Sealed;
    facts.age = Fact::Sealed;
    facts.biometrics.gate = GateChoice::On;
    facts.biometrics.readiness = GateReadiness::Ready;
    let mut person = Person::agreeable(&policy);
    person.account.session = Fact::Known(Session { level: "known".to_owned(), ..Session::default() });
    person.account.profile = Fact::Known(["name".to_owned()].into());
    let (steps, end) = walk(&policy, "booking.pay", &mut facts, &person);
    assert_eq!(kinds(&steps), [StepKind::Inform, StepKind::Unlock, StepKind::StepUp, StepKind::Profile]);
    assert_eq!(steps.last(), Some(&Step::Profile { fields: strings(["billing_country"]) }));
    assert!(matches!(end, Decision::Clear(_)));
}

#[test]
fn uploading_a_picture_needs_consent_with_a_reason() {
    let policy = portal();
    let mut facts = signed_in(&policy, "known");
    let person = Person { agrees: Default::default(), ..Person::agreeable(&policy) };
    let Decision::Ask(inform) = decide(&policy, "picture.upload", &facts, NOW) else { panic!() };
    person.answer(&policy, &mut facts, &inform, NOW);
    let Decision::Ask(profile) = decide(&policy, "picture.upload", &facts, NOW) else { panic!() };
    person.answer(&policy, &mut facts, &profile, NOW);
    let Decision::Ask(consent) = decide(&policy, "picture.upload", &facts, NOW) else { panic!() };
    let AskKind::Consent { questions } = policy.ask(&consent, "de", &facts).kind else { panic!() };
    assert_eq!(questions.len(), 1);
    assert!(questions[0].required_because.as_ref().unwrap().starts_with("Ohne sie dürften wir"));
    person.answer(&policy, &mut facts, &consent, NOW);
    let refused = StopReason::ConsentRefused { purpose: "picture.rights".to_owned() };
    assert_eq!(decide(&policy, "picture.upload", &facts, NOW), Decision::Stop(refused.clone()));
    assert!(policy.stop_text(&refused, "en").contains("“Show your pictures”"));

    facts.visit = Default::default();
    let asked_again = decide(&policy, "picture.upload", &facts, NOW);
    assert!(matches!(asked_again, Decision::Ask(step) if step.kind() == StepKind::Consent));
}

#[test]
fn nobody_under_sixteen_is_asked_for_consent() {
    let policy = portal();
    let person = Person { age: Age::Under, ..Person::agreeable(&policy) };
    let (steps, end) = walk(&policy, "review.write", &mut first_visit(&policy), &person);
    assert_eq!(kinds(&steps), [StepKind::Inform, StepKind::SignIn, StepKind::Profile]);
    assert!(matches!(end, Decision::Clear(_)));

    let (_, end) = walk(&policy, "picture.upload", &mut first_visit(&policy), &person);
    let stopped = StopReason::UnderAge { purpose: "picture.rights".to_owned() };
    assert_eq!(end, Decision::Stop(stopped.clone()));
    assert!(policy.stop_text(&stopped, "de").contains("ab 16 Jahren"));
}

#[test]
fn the_asks_are_complete_in_both_languages() {
    let policy = portal();
    for locale in ["de", "en"] {
        for touchpoint in policy.touchpoints() {
            let mut facts = first_visit(&policy);
            let person = Person::agreeable(&policy);
            while let Decision::Ask(step) = decide(&policy, &touchpoint.id, &facts, NOW) {
                let ask = policy.ask(&step, locale, &facts);
                assert_eq!(ask.locale, locale);
                assert!(!ask.title.is_empty() && !ask.text.is_empty(), "{ask:?}");
                assert!(!format!("{ask:?}").contains("{age}") && !ask.text.contains('{'), "{ask:?}");
                if let AskKind::Consent { questions } = &ask.kind {
                    for question in questions {
                        assert_eq!(
                            policy.text_hash(&question.text_id, locale),
                            Some(question.text_hash.as_str())
                        );
                    }
                }
                person.answer(&policy, &mut facts, &step, NOW);
            }
        }
    }
}

#[test]
fn the_profile_ask_names_kinds_and_labels() {
    let policy = portal();
    let mut facts = signed_in(&policy, "known");
    facts.notices =
        Fact::Known([("review.publish".to_owned(), support::shown(&policy, "review.publish"))].into());
    let Decision::Ask(step) = decide(&policy, "review.write", &facts, NOW) else { panic!() };
    let AskKind::Profile { fields } = policy.ask(&step, "de", &facts).kind else { panic!() };
    let asked: Vec<_> =
        fields.iter().map(|field| (field.name.as_str(), field.label.as_str(), field.kind)).collect();
    assert_eq!(
        asked,
        [
            ("display_name", "Anzeigename", FieldKind::Text),
            ("age", "Ich bin mindestens 16 Jahre alt", FieldKind::OverAge),
        ]
    );
}

#[test]
fn levels_and_acr_values() {
    let policy = portal();
    assert_eq!(policy.level_of_acr("oidc", Some("mfa")), "verified");
    assert_eq!(policy.level_of_acr("oidc", Some("pwd")), "known");
    assert_eq!(policy.level_of_acr("oidc", Some("something")), "known");
    assert_eq!(policy.level_of_acr("oidc", None), "known");
    assert_eq!(policy.level_of_acr("elsewhere", Some("mfa")), "anonymous");
    assert_eq!(policy.acr_values("oidc", "verified"), ["mfa"]);
    assert!(policy.acr_values("oidc", "known").is_empty());
    assert!(policy.acr_values("oidc", "nonsense").is_empty());
}

#[test]
fn locales_fall_back_to_the_language_then_to_the_default() {
    let policy = portal();
    for (wanted, found) in
        [("de", "de"), ("de-AT", "de"), ("de_CH", "de"), ("DE", "de"), ("fr", "en"), ("", "en")]
    {
        assert_eq!(policy.locale(wanted), found, "{wanted}");
    }
}

#[test]
fn a_changed_policy_has_another_hash_and_line_ends_do_not_count() {
    let source = portal_source();
    let mut crlf = source.clone();
    crlf.policy_toml = source.policy_toml.replace('\n', "\r\n");
    let mut changed = source.clone();
    changed.policy_toml.push_str("# reviewed\n");
    let hash = |source| Policy::parse(source).unwrap().hash().to_owned();
    assert_eq!(hash(&source), hash(&crlf));
    assert_ne!(hash(&source), hash(&changed));
}

#[test]
fn explain_reads_like_the_policy_in_both_languages() {
    let policy = portal();
    let english = explain(&policy, "booking.pay", "en").unwrap();
    for part in [
        "“Pay for a booking” (booking.pay). The level it needs: “signed in with two factors” (verified).",
        "“Your booking” (booking.contract): contract; owner: service; goes to “The hotel you book”; kept for 3 years.",
        "if that was more than 2 minutes ago",
        "it is older than 5 minutes or the sign-in service has not told “Confirmed e-mail address”",
        "Ask for “First and last name” and “Country of your billing address”.",
    ] {
        assert!(english.contains(part), "{part} is missing in:\n{english}");
    }
    let german = explain(&policy, "booking.pay", "de-AT").unwrap();
    for part in [
        "„Buchung bezahlen“ (booking.pay). Nötig ist die Stufe „angemeldet mit zwei Faktoren“ (verified).",
        "wenn das länger als 2 Minuten her ist",
        "sie älter als 5 Minuten ist oder der Anmeldedienst „Bestätigte E-Mail-Adresse“ nicht genannt hat",
        "Angaben erfragen: „Vor- und Nachname“ und „Land Ihrer Rechnungsadresse“.",
    ] {
        assert!(german.contains(part), "{part} is missing in:\n{german}");
    }
    assert_eq!(english.lines().count(), german.lines().count());
    assert_eq!(explain(&policy, "hotel.search", "fr").unwrap().lines().count(), 2);
    let error = explain(&policy, "review.wirte", "en").unwrap_err();
    assert_eq!(error.did_you_mean.as_deref(), Some("review.write"));
}

#[test]
fn withdrawn_analytics_stays_quiet_until_the_cool_down_is_over() {
    let policy = portal();
    let mut facts = first_visit(&policy);
    set_consent(&mut facts, "analytics", record(&policy, "analytics", ConsentState::Withdrawn, NOW.wall_ms));
    assert!(matches!(decide(&policy, "hotel.browse", &facts, NOW), Decision::Clear(_)));
    let mut later = NOW;
    later.wall_ms += policy.cooldown().unwrap().as_ms();
    assert!(matches!(decide(&policy, "hotel.browse", &facts, later), Decision::Ask(_)));
}
