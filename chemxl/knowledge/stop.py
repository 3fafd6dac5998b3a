"""Words of the general language that lexicons have and annotators do not mark, in dictionary forms and small letters.

They were chosen by hand among the names that most often stand outside of mentions in training parts (BC5CDR, BioNNE-R).
"""

_WORDS = """
group groups day days week weeks month year years hours minutes seconds time next previous patient patients rat rats
mouse mice man men woman women child children human study studies result results method methods effect effects treatment
therapy dose control level levels use used case cases age male female history test type disease disorder drug drugs
medicine agent data information introduction value scale multiple various severe mild moderate acute chronic positive
affected healthy frequent frequency onset severity intensity open stable properties percentage units unknown exposure
safety measures knowledge surface mass solution beta alpha gamma delta high low all and or not no it is as at be by
in on of to he she we us who other others more most left right lead

больной пациент исследование группа день год неделя час минута метод результат лечение терапия доза уровень случай
возраст мужчина женщина ребенок человек работа время применение препарат средство болезнь заболевание состояние
развитие вид тип форма история мышь крыса контроль этот дать число определять введение разный диагностика значение мера
схема воздействие несколько параметр распространение следующий обзор состав прогноз ситуация безопасность инструмент
поддерживать контакт стабильный спектр поверхность масштаб касаться предыдущий статистика ошибка изменить сведение
точность процент скорость родитель пример свойство интенсивность и или не на в по из

患者 病人 治疗 研究 结果 方法 作用 使用 药物 疾病 症状 时间 年 月 组 级 型 性 男性 女性 儿童 人 剂量 水平 检查
正常 增加 减少 影响 情况 问题 需要 可以 医院 医生 手术 严重 原因 出现 引起 部位 预防 感觉 建议 身体
"""
STOP = frozenset(_WORDS.split())
