//! Solutions that look right and say what they are. Each is a pure function of the seed and its task.

use crate::call::{Family, Made, Needs, Solution, TextNeeds};
use crate::draw::{Draw, Purpose};

/// The browser that tokens claim to have been got with, where the client named none.
const USER_AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36";
const TOKEN_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Letters and digits that people do not mix up, as pictures use them.
const LETTERS: &[u8] = b"abcdefghkmnprstuvwxyz";
const DIGITS: &[u8] = b"23456789";
const LETTERS_AND_DIGITS: &[u8] = b"abcdefghkmnprstuvwxyz23456789";

/// The solution of a task.
pub(crate) fn of(seed: u64, task_id: u64, family: Family, needs: &Needs) -> Solution {
    match needs {
        Needs::Token { user_agent } => Solution::Token {
            family,
            token: token(Draw::seeded(seed), task_id, family),
            user_agent: user_agent.clone().unwrap_or_else(|| USER_AGENT.to_owned()),
        },
        Needs::Text(needs) => Solution::Text(text(Draw::seeded(seed).at(needs.picture), *needs)),
        Needs::Own(own) => Solution::Given((own.shape)(&Made {
            token: &token(Draw::seeded(seed), task_id, family),
            user_agent: own.user_agent.as_deref().unwrap_or(USER_AGENT),
            about: &own.about,
        })),
    }
}

/// A token with the family's own beginning and about its own length. It names itself and its task, so that nobody takes
/// it for a real one and a test can tell whose it is.
fn token(draw: Draw, task_id: u64, family: Family) -> String {
    let (beginning, length) = match family {
        Family::RecaptchaV2 | Family::RecaptchaV2Enterprise | Family::RecaptchaV3 => ("03AF", 480),
        Family::Hcaptcha => ("P1_", 900),
        Family::Turnstile => ("0.", 640),
        Family::ImageToText => ("", 32),
        Family::Other => ("", 96),
    };
    let mut token = format!("{beginning}simulated-{task_id}-");
    let rest = length - token.len().min(length);
    token.extend(characters(draw.at(task_id).of(Purpose::Token), TOKEN_LETTERS, rest));
    token
}

fn text(draw: Draw, needs: TextNeeds) -> String {
    let alphabet = match (needs.letters, needs.digits) {
        (true, false) => LETTERS,
        (false, true) => DIGITS,
        (true, true) | (false, false) => LETTERS_AND_DIGITS,
    };
    let shortest = needs.min_length.max(1);
    let longest = needs.max_length.max(shortest);
    let length = shortest + draw.of(Purpose::Length).below(longest - shortest + 1);
    let text: String = characters(draw.of(Purpose::Text), alphabet, length).collect();
    if !needs.phrase || length < 3 {
        return text;
    }
    text.char_indices().map(|(place, letter)| if place == length / 2 { ' ' } else { letter }).collect()
}

fn characters(draw: Draw, alphabet: &'static [u8], count: usize) -> impl Iterator<Item = char> {
    (0_u64..).take(count).filter_map(move |place| {
        let letter = alphabet.get(draw.at(place).below(alphabet.len()))?;
        Some(char::from(*letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: TextNeeds =
        TextNeeds { picture: 5, letters: true, digits: true, phrase: false, min_length: 5, max_length: 7 };

    fn token_of(seed: u64, task_id: u64, family: Family) -> String {
        match of(seed, task_id, family, &Needs::Token { user_agent: None }) {
            Solution::Token { token, .. } => token,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tokens_look_like_their_family_and_name_their_task() {
        for (family, beginning) in [(Family::RecaptchaV2, "03AF"), (Family::Hcaptcha, "P1_"), (Family::Turnstile, "0.")]
        {
            let token = token_of(1, 4_294_967_297, family);
            assert!(token.starts_with(beginning) && token.contains("simulated-4294967297-"), "{token}");
            assert!(token.len() >= 480 && token.is_ascii());
        }
    }

    #[test]
    fn tokens_depend_on_the_seed_and_the_task_alone() {
        assert_eq!(token_of(1, 2, Family::RecaptchaV3), token_of(1, 2, Family::RecaptchaV3));
        assert_ne!(token_of(1, 2, Family::RecaptchaV3), token_of(2, 2, Family::RecaptchaV3));
        assert_ne!(token_of(1, 2, Family::RecaptchaV3), token_of(1, 3, Family::RecaptchaV3));
    }

    #[test]
    fn texts_fit_what_the_picture_was_said_to_hold() {
        let draw = |picture| Draw::seeded(1).at(picture);
        for picture in 0..200 {
            let plain = text(draw(picture), PLAIN);
            assert!((5..=7).contains(&plain.len()), "{plain}");
            let digits = text(draw(picture), TextNeeds { letters: false, ..PLAIN });
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
            let letters = text(draw(picture), TextNeeds { digits: false, ..PLAIN });
            assert!(letters.bytes().all(|byte| byte.is_ascii_lowercase()), "{letters}");
            let phrase = text(draw(picture), TextNeeds { phrase: true, ..PLAIN });
            assert_eq!(phrase.split(' ').filter(|word| !word.is_empty()).count(), 2, "{phrase}");
        }
    }
}
