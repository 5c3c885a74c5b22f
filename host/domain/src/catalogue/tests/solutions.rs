//! What becomes of solutions.

use serde_json::{Value, json};

use super::super::solution::{SolutionError, complete};
use super::super::{Class, all, by_name};

#[test]
fn every_main_field_is_enough_and_is_given_under_all_its_names() {
    for family in all().iter().filter(|family| !family.passes_through) {
        assert!(family.solution.iter().any(|field| field.main), "{} has no main field", family.name);
        for field in family.solution.iter().filter(|field| field.main) {
            for name in std::iter::once(&field.name).chain(field.also) {
                let given = json!({*name: "value", "extra": 1});
                let fields = complete(family, &given.to_string()).unwrap();
                assert!(std::iter::once(&field.name).chain(field.also).all(|name| fields[*name] == "value"));
                assert_eq!(fields["extra"], 1);
            }
        }
    }
}

#[test]
fn no_main_field_is_a_breach_that_names_them() {
    for family in all().iter().filter(|family| !family.passes_through) {
        let beside: Value =
            family.solution.iter().filter(|f| !f.main).map(|f| (f.name.to_owned(), json!("x"))).collect();
        let Err(SolutionError::Lacks { family: name, fields }) = complete(family, &beside.to_string()) else {
            panic!("{}: {beside} is taken", family.name)
        };
        assert_eq!(name, family.name);
        assert!(family.solution.iter().filter(|f| f.main).all(|f| fields.contains(f.name)), "{fields}");
    }
}

#[test]
fn clients_of_each_service_find_the_names_that_they_read() {
    for (family, names) in [
        ("recaptcha_v3_enterprise", "gRecaptchaResponse token userAgent cookies"),
        ("hcaptcha", "gRecaptchaResponse token respKey userAgent"),
        ("cloudflare_clearance", "cf_clearance cookies token headers proxy userAgent"),
        ("geetest_v3", "challenge validate seccode geetest_challenge geetest_validate geetest_seccode"),
        ("geetest_v4", "captcha_id lot_number pass_token gen_time captcha_output risk_type"),
        ("aws_waf", "token cookie cookies captcha_voucher existing_token userAgent"),
        ("datadome", "cookie domains"),
        ("lemin", "answer challenge_id"),
        ("capy", "captchakey challengekey answer respKey"),
        ("tencent", "appid ret ticket randstr data headers"),
        ("alibaba", "token tokens data"),
        ("imperva", "domains token"),
        ("basilisk", "captcha_response data"),
        ("coordinates", "coordinates"),
        ("grid", "click objects hasObject size"),
        ("bounding_box", "bounding_boxes"),
        ("draw_around", "canvas"),
        ("rotate", "rotate angle"),
        ("slider", "distance rects"),
        ("text_question", "text"),
        ("audio", "text"),
    ] {
        let known: Vec<&str> = by_name(family)
            .unwrap()
            .solution
            .iter()
            .flat_map(|f| [f.name].into_iter().chain(f.also.iter().copied()))
            .collect();
        for name in names.split_whitespace() {
            assert!(known.contains(&name), "{family} lacks {name}");
        }
    }
}

#[test]
fn what_opens_something_is_secret() {
    for family in all() {
        for field in family.solution {
            let opens = ["cookie", "cookies", "domains", "cf_clearance", "existing_token", "headers", "proxy"];
            if opens.contains(&field.name) || field.also.contains(&"aws-waf-token") {
                assert_eq!(field.class, Class::Secret, "{}.{}", family.name, field.name);
            }
        }
    }
}

#[test]
fn a_solution_that_is_bound_to_a_browser_names_it() {
    for family in all().iter().filter(|family| family.bound_to_user_agent && !family.passes_through) {
        assert!(family.solution.iter().any(|field| field.name == "userAgent"), "{}", family.name);
    }
}
