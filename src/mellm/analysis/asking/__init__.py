"""Questions about a video, answered from its report: nothing is looked at again, nothing is guessed."""

from mellm.analysis.asking.answers import Answer, ask
from mellm.analysis.asking.questions import Question, Topic, read_question

__all__ = ["Answer", "Question", "Topic", "ask", "read_question"]
