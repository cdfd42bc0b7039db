"""Why a search or a follow of logs is not begun, or not ended, in words."""

from aiogram.utils.i18n import gettext as _

from services import errors


def search_words(error: errors.SearchesFull | errors.NotYourSearch) -> str:
    match error:
        case errors.NotYourSearch(owner=owner):
            return _("Only {owner} can cancel this.").format(owner=owner)
        case errors.SearchesFull(own=True, most=most):
            return _("{count} of your searches are running already. Wait, or cancel one.").format(count=most)
    return _("{count} searches are running already. Try again in a moment.").format(count=error.most)


def follow_words(
    error: errors.FollowsFull | errors.NotYourFollow | errors.NotFollowed | errors.TooManyLogs,
) -> str:
    match error:
        case errors.FollowsFull(own=True, most=most):
            return _("You follow {count} already, which is the most. End one: /stop_follow").format(
                count=most
            )
        case errors.FollowsFull(most=most):
            words = _(
                "{count} follows run already, which is the most for all together. Try again when one has ended."
            )
            return words.format(count=most)
        case errors.NotYourFollow(owner=owner):
            return _("Only {owner} can end this, or an operator.").format(owner=owner)
        case errors.TooManyLogs(count=count, most=most):
            return _("That means {count} containers; {most} can be followed at a time.").format(
                count=count, most=most
            )
    return _("It has ended already.")
