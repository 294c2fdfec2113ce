/** What parts below the console say, finished: here as patterns, with `{{places}}` for what changes. */
export const SAID = {
  'There is nothing at this address.': 'A questo indirizzo non c’è nulla.',
  'Go back, load the page again and send the form once more.': 'Torna indietro, ricarica la pagina e invia di nuovo il modulo.',
  'Logbook cannot reach its database just now. Nothing is lost; try again in a moment.':
    'In questo momento Logbook non raggiunge il suo database. Nulla è perso; riprova tra poco.',
  'The request is not in order.': 'La richiesta non è corretta.',
  'Logbook could not do that. Its log says more.': 'Logbook non ci è riuscito. Il suo log dice di più.',
  'Give both a name and a password.': 'Inserisci sia il nome sia la password.',
  'The name or the password is wrong.': 'Il nome o la password sono errati.',
  'Too many failed sign-ins. Try again in 1 minutes.': 'Troppi accessi falliti. Riprova tra 1 minuto.',
  'Too many failed sign-ins. Try again in {{minutes}} minutes.': 'Troppi accessi falliti. Riprova tra {{minutes}} minuti.',
  '{{field}} must be a time zone such as Europe/Rome.': '{{field}} deve essere un fuso orario come Europe/Rome.',
  '{{field}} must be a single value.': '{{field}} deve avere un solo valore.',
  '{{field}} is given more than once.': '{{field}} è indicato più di una volta.',
  '{{field}} must be one of {{values}}.': '{{field}} deve essere uno tra {{values}}.',
  '{{field}} must be a whole number from {{least}} to {{most}}.': '{{field}} deve essere un numero intero da {{least}} a {{most}}.',
  '{{field}} must be an instant such as 2026-05-10T17:12:24Z.': '{{field}} deve essere un istante come 2026-05-10T17:12:24Z.',
  '{{field}} is no parameter of {{owner}}; it takes none.': '{{field}} non è un parametro di {{owner}}, che non ne ha.',
  '{{field}} is no parameter of {{owner}}; there are {{names}}.': '{{field}} non è un parametro di {{owner}}; ci sono {{names}}.',
  '{{field}} must not be later than to.': '{{field}} non deve essere successivo a to.',
  '{{field}} is not one that this listing gave for this sort and order.': '{{field}} non è di questo elenco con questo ordinamento.',
};
